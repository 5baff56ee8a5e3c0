"""Services, DNS and requests between Pods."""
