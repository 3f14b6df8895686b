"""Provider wire formats: bytes to text segments, edits back to bytes. One file per API."""
