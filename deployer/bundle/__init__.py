"""Bundle: a folder or a ready-made archive, checked, hashed and packed."""
