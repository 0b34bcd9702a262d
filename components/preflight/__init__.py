"""Read-only checks, made in a preview and in an update before the first resource."""
