"""kubectl in process: the same commands, requests and texts, without a binary."""
