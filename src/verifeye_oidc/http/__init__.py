"""HTTP: the URL table, thin endpoints, pure ASGI middleware, cookies, templates and static files."""
