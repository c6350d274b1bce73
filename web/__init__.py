"""The aiohttp application: REST, websockets and the browser's part. Imports services, never ARI."""
