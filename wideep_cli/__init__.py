"""The ``wideep`` command, which reads the same Plan as the Pulumi program."""
