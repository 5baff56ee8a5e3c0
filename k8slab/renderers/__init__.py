"""From a scene to pixels, SVG or text."""
