"""The resource: what users write (`spec`), what the operator answers (`status`), and its CRD.

Every field is declared once, here, with the sentence that explains it; crd.py and reference.py
make the CustomResourceDefinition and the reference page from these declarations.
"""

GROUP = "cronwright.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "ScheduledTask"
PLURAL = "scheduledtasks"
