"""Other readings of a text, in which what was hidden stands in the open."""
