"""Policy documents and the judgement of findings. Nothing here rewrites text."""
