"""Pure: values → lines, Markdown and outputs. Nothing here writes or reads anything."""
