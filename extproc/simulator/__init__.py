"""A stand-in for the providers: it speaks their formats and answers as the model's name asks."""
