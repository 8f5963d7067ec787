"""CI systems: log sections, annotations, outputs, summaries and masks, one module per dialect."""
