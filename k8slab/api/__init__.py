"""What an API server knows: kinds, defaults, validation, patches, selectors, errors."""
