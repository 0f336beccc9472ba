"""Whose code builds a network, torchvision's or timm's, and what to cite for it; neither is imported for that."""

#: name of a family of torchvision's classifiers -> the endings of its members, of which one may be empty
_FAMILIES = {
    "alexnet": ("",),
    "convnext_": ("base", "large", "small", "tiny"),
    "densenet": ("121", "161", "169", "201"),
    "efficientnet_": (*(f"b{number}" for number in range(8)), "v2_l", "v2_m", "v2_s"),
    "googlenet": ("",),
    "inception_v3": ("",),
    "maxvit_t": ("",),
    "mnasnet": ("0_5", "0_75", "1_0", "1_3"),
    "mobilenet_": ("v2", "v3_large", "v3_small"),
    "regnet_x_": ("16gf", "1_6gf", "32gf", "3_2gf", "400mf", "800mf", "8gf"),
    "regnet_y_": ("128gf", "16gf", "1_6gf", "32gf", "3_2gf", "400mf", "800mf", "8gf"),
    "resnet": ("18", "34", "50", "101", "152"),
    "resnext": ("50_32x4d", "101_32x8d", "101_64x4d"),
    "shufflenet_v2_x": ("0_5", "1_0", "1_5", "2_0"),
    "squeezenet1_": ("0", "1"),
    "swin_": ("b", "s", "t", "v2_b", "v2_s", "v2_t"),
    "vgg": ("11", "11_bn", "13", "13_bn", "16", "16_bn", "19", "19_bn"),
    "vit_": ("b_16", "b_32", "h_14", "l_16", "l_32"),
    "wide_resnet": ("50_2", "101_2"),
}
#: classifiers of torchvision, which precede those of timm of the same name
OF_TORCHVISION = frozenset(family + ending for family, endings in _FAMILIES.items() for ending in endings)
#: beginning of an architecture's name -> who described it
_DESCRIBED = {"resnet": "he2016", "densenet": "huang2017"}


def architecture_cited(architecture: str) -> str:
    """Return a network's name, with who described it, where that is known here, and whose code builds it."""
    keys = [key for family, key in _DESCRIBED.items() if architecture.startswith(family)]
    keys.append("torchvision2016" if architecture in OF_TORCHVISION else "wightman2019")
    return f"{architecture} {' '.join(f'[@{key}]' for key in keys)}"
