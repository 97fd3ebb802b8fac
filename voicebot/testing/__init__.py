"""Fakes of every port, for the tests of this package and of bots built on it."""
