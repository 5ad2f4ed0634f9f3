"""Makes icons.svg from the icons named in icons.txt: python3 sprite.py <unpacked @tabler/icons>/icons"""
import pathlib, re, sys

source = pathlib.Path(sys.argv[1])
here = pathlib.Path(__file__).parent
symbols = []
for name in (here / "icons.txt").read_text().split():
    style, file = ("filled", name.removesuffix("-filled")) if name.endswith("-filled") else ("outline", name)
    svg = (source / style / f"{file}.svg").read_text()
    inner = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.S)[1]
    inner = " ".join(inner.split())
    paint = 'fill="currentColor"' if style == "filled" else 'fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"'
    symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{inner}</symbol>')
(here / "icons.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")
