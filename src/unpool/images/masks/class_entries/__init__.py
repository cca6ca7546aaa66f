"""What class files hold, whatever program wrote them."""
