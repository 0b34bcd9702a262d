"""The ``wideep`` command: it reads the same Plan as the Pulumi program."""
