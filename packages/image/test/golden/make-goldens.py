"""Small pictures of every mode, and what Pillow makes of them in CLIP's preprocessing: writes goldens.json.

    python3 make-goldens.py [DATA]

With the folder of real files (decoders/png, decoders/jpeg/reftest, photos) also ../conformance/pillow-preprocessed.json.
"""
import base64
import io
import json
import pathlib
import struct
import sys
import zlib

import PIL
from PIL import Image, features

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def noise(count, seed):
    """Bytes without a pattern (a linear congruential generator)."""
    state, out = seed, bytearray()
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out.append(state >> 24)
    return bytes(out)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, depth, colour, rows, extra=b""):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def noisy_png(width, height, depth, colour, extra=b""):
    size = (width * CHANNELS[colour] * depth + 7) // 8
    return png(width, height, depth, colour, [noise(size, 1 + y) for y in range(height)], extra)


def grey16(width, height, sample):
    return png(width, height, 16, 0, [b"".join(struct.pack(">H", sample(x, y)) for x in range(width)) for y in range(height)])


def jpeg(image, **options):
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def smooth(width, height):
    image = Image.new("RGB", (width, height))
    image.putdata([(9 * x, 11 * y, (x * y) % 256) for y in range(height) for x in range(width)])
    return image


def pictures():
    palette = lambda entries: chunk(b"PLTE", noise(3 * entries, 7))
    alpha = lambda entries: chunk(b"tRNS", noise(entries, 8))
    for width, height in ((23, 17), (5, 7)):
        size = (width, height)
        for depth in (1, 2, 4, 8):
            yield f"grey, {depth} bits, {width}x{height}", noisy_png(*size, depth, 0)
            yield f"palette, {depth} bits, {width}x{height}", noisy_png(*size, depth, 3, palette(2**depth))
        yield f"palette with alpha, {width}x{height}", noisy_png(*size, 8, 3, palette(256) + alpha(256))
        yield f"grey with a transparent value, {width}x{height}", noisy_png(*size, 8, 0, chunk(b"tRNS", b"\0\x05"))
        yield f"RGB with a transparent colour, {width}x{height}", noisy_png(*size, 8, 2, chunk(b"tRNS", b"\0\1\0\2\0\3"))
        yield f"16-bit grey, dark, {width}x{height}", grey16(*size, lambda x, y: 13 * x + 9 * y)
        yield f"16-bit grey, extremes, {width}x{height}", grey16(*size, lambda x, y: 65535 if (x * 7 + y * 5) % 3 else 40 * x)
        yield f"16-bit grey, noise, {width}x{height}", noisy_png(*size, 16, 0)
        for name, colour in (("RGB", 2), ("grey and alpha", 4), ("RGBA", 6)):
            for depth in (8, 16):
                yield f"{name}, {depth} bits, {width}x{height}", noisy_png(*size, depth, colour)
    yield "palette shorter than its indices", noisy_png(9, 9, 8, 3, palette(100))
    yield "palette of the picture's own size", noisy_png(8, 8, 8, 3, palette(256))
    yield "RGBA of the picture's own size", noisy_png(8, 8, 8, 6)
    image = smooth(21, 18)
    yield "JPEG 4:2:0", jpeg(image, quality=80, subsampling=2)
    yield "JPEG progressive", jpeg(image, quality=80, subsampling=2, progressive=True)
    yield "JPEG grey", jpeg(image.convert("L"), quality=80)
    yield "JPEG CMYK", jpeg(image.convert("CMYK"), quality=80)
    exif = Image.Exif()
    exif[0x0112] = 6
    yield "JPEG that EXIF says to rotate", jpeg(image, quality=80, exif=exif)


def preprocess(bytes_, size):
    """openai/CLIP's steps up to the tensor: Resize(size, bicubic), CenterCrop(size), RGB."""
    image = Image.open(io.BytesIO(bytes_))
    width, height = image.size
    resized = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    if (width, height) != resized:
        image = image.resize(resized, Image.BICUBIC)
    left = int(round((image.width - size) / 2.0))
    top = int(round((image.height - size) / 2.0))
    return image.crop((left, top, left + size, top + size)).convert("RGB").tobytes()


goldens = [
    {
        "name": name,
        "mode": Image.open(io.BytesIO(file)).mode,
        "file": base64.b64encode(file).decode(),
        "rgb8": base64.b64encode(preprocess(file, 8)).decode(),
        "crc30": zlib.crc32(preprocess(file, 30)),
    }
    for name, file in pictures()
]
made_by = f"Pillow {PIL.__version__}, libjpeg-turbo {features.version('libjpeg_turbo')}"
path = pathlib.Path(__file__).with_name("goldens.json")
path.write_text(json.dumps({"madeBy": made_by, "pictures": goldens}, indent=1) + "\n")
print(made_by, len(goldens), "pictures")


def checksum(file):
    """CRC-32 of the picture preprocessed to 32, or None where Pillow refuses it."""
    try:
        return zlib.crc32(preprocess(file.read_bytes(), 32))
    except Exception:
        return None


if len(sys.argv) > 1:
    data = pathlib.Path(sys.argv[1])
    folders = ("decoders/png", "decoders/jpeg/reftest", "photos")
    files = sorted(file for folder in folders for file in (data / folder).rglob("*") if file.suffix in (".png", ".jpg"))
    sums = {file.relative_to(data).as_posix(): checksum(file) for file in files}
    path = path.parent.parent / "conformance" / "pillow-preprocessed.json"
    path.write_text(json.dumps({"madeBy": made_by, "checksums": sums}, indent=1) + "\n")
    print(len(sums), "real files")
