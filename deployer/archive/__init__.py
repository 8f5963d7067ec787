"""Archive formats as streams of bytes: no disk besides the files read, no AWS."""
