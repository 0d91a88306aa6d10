"""A first look at a table that nobody knows yet: what its columns probably mean, and its traps."""

from outlast.first_look.choices import Candidate, Choice
from outlast.first_look.proposal import Given, Proposal, propose
from outlast.first_look.reading import look
from outlast.first_look.traps import Trap
from outlast.first_look.written import proposal_yaml

__all__ = ["Candidate", "Choice", "Given", "Proposal", "Trap", "look", "proposal_yaml", "propose"]
