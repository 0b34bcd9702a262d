"""Parts of the Plan as Pulumi resources, one ComponentResource a file, and all of them as one (``dynamo_stack``).

Each component takes ``(name, args, opts)``, names its children after itself and works in any Pulumi program:

    image = Image("image", ImageArgs(plan.image_source))
    pulumi.export("image", image.reference)
"""
