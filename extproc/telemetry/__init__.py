"""What operators see: metrics and structured logs. Content never gets here."""
