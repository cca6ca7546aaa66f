"""Reports and exports: tables, folders, pages."""
