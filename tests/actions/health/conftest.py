"""The workspace that tests here damage."""

from support.sick import finished, sick

__all__ = ["finished", "sick"]
