"""`extproc report`: what became of traffic, as one page and as tables."""
