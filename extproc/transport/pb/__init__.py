"""Generated ext_proc messages; `make proto` writes them from proto/."""
