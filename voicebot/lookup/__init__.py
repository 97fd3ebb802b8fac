"""Where answers come from: orders, customers, anything the dialog asks by name. A file for the demo, HTTP for real."""
