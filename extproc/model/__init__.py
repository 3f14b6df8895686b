"""Plain values that every layer understands. Nothing here acts or imports from above."""
