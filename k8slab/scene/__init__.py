"""What to draw: a plain description of the picture, the same for every renderer."""
