"""Pictures of flows: a library becomes a `Graph` (build.py), and that Mermaid, DOT, SVG or a page. No I/O here."""
