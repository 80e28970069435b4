"""What the business is about: kits, orders, payments, invoices."""
