"""Generated messages; `make proto` writes them from proto/."""
