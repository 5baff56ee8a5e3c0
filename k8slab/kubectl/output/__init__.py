"""What kubectl prints: pure functions from objects and server tables to text."""
