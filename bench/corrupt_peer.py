"""The corruptions of Hendrycks and Dietterich (2019) by the libraries that their code calls, timed on request.

Reads one JSON object a line: {"kind": "image", "size", "pixels"} is answered by {}, and {"kind": "time",
"corruption", "size", "parameters", "calls"} by {"seconds": processor time of one call}. Needs numpy, scipy, scikit-image, OpenCV, Pillow and Wand. Everything runs
on one thread.
"""

import io
import json
import os
import sys
import tempfile
import time
import warnings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "MAGICK_THREAD_LIMIT"):
    os.environ[name] = "1"

import cv2  # noqa: E402
import numpy as np  # noqa: E402
import PIL  # noqa: E402
import scipy  # noqa: E402
import skimage  # noqa: E402
import wand.version  # noqa: E402
from PIL import Image  # noqa: E402
from scipy.ndimage import map_coordinates, zoom  # noqa: E402
from skimage import color, util  # noqa: E402
from skimage.filters import gaussian  # noqa: E402
from wand.image import Image as WandImage  # noqa: E402

cv2.setNumThreads(1)
warnings.simplefilter("ignore")
rng = np.random


def levels(x):
    return (np.clip(x, 0, 1) * 255).astype(np.uint8)


def unit(image):
    return np.array(image) / 255.0


def gaussian_noise(image, p):
    x = unit(image)
    return levels(x + rng.normal(size=x.shape, scale=p["std"]))


def shot_noise(image, p):
    return levels(rng.poisson(unit(image) * p["photons"]) / p["photons"])


def impulse_noise(image, p):
    return levels(util.random_noise(unit(image), mode="s&p", amount=p["amount"]))


def speckle_noise(image, p):
    x = unit(image)
    return levels(x + x * rng.normal(size=x.shape, scale=p["std"]))


def smooth(x, sigma):
    return gaussian(x, sigma=sigma, channel_axis=-1)


def gaussian_blur(image, p):
    return levels(smooth(unit(image), p["sigma"]))


def glass_blur(image, p):
    far = p["maxShift"]
    x = levels(smooth(unit(image), p["sigma"]))
    height, width = x.shape[:2]
    for _ in range(p["passes"]):
        for row in range(height - far, far, -1):
            for column in range(width - far, far, -1):
                dx, dy = rng.randint(-far, far, size=(2,))
                other_row, other_column = row + dy, column + dx
                x[row, column], x[other_row, other_column] = x[other_row, other_column], x[row, column]
    return levels(smooth(x / 255.0, p["sigma"]))


def defocus_blur(image, p):
    radius, alias = p["radius"], p["aliasBlur"]
    side = np.arange(-8, 9) if radius <= 8 else np.arange(-radius, radius + 1)
    across, down = np.meshgrid(side, side)
    disk = np.array(across**2 + down**2 <= radius**2, dtype=np.float32)
    size = (3, 3) if radius <= 8 else (5, 5)
    kernel = cv2.GaussianBlur(disk / disk.sum(), ksize=size, sigmaX=alias)
    x = unit(image)
    return levels(np.stack([cv2.filter2D(x[..., c], -1, kernel) for c in range(3)], axis=-1))


def smear(picture, radius, sigma, angle, flag):
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    moved = WandImage(blob=buffer.getvalue())
    moved.motion_blur(radius=radius, sigma=sigma, angle=angle)
    return cv2.imdecode(np.frombuffer(moved.make_blob(), np.uint8), flag)


def motion_blur(image, p):
    x = smear(image, p["radius"], p["sigma"], rng.uniform(-45, 45), cv2.IMREAD_UNCHANGED)
    return np.clip(x[..., [2, 1, 0]], 0, 255)


def enlarged(x, factor):
    size = x.shape[0]
    cut = int(np.ceil(size / factor))
    top = (size - cut) // 2
    factors = (factor, factor, 1) if x.ndim == 3 else (factor, factor)
    x = zoom(x[top : top + cut, top : top + cut], factors, order=1)
    trim = (x.shape[0] - size) // 2
    return x[trim : trim + size, trim : trim + size]


def zoom_blur(image, p):
    x = (np.array(image) / 255.0).astype(np.float32)
    total = np.zeros_like(x)
    factors = np.arange(1, p["end"], p["step"])
    for factor in factors:
        total += enlarged(x, factor)
    return levels((x + total) / (len(factors) + 1))


def snow(image, p):
    x = unit(image).astype(np.float32)
    layer = rng.normal(size=x.shape[:2], loc=p["mean"], scale=p["std"])
    layer = enlarged(layer, p["zoom"])
    layer[layer < p["threshold"]] = 0
    flakes = Image.fromarray(levels(layer), mode="L")
    layer = smear(flakes, p["radius"], p["sigma"], rng.uniform(-135, -45), cv2.IMREAD_UNCHANGED) / 255.0
    layer = layer[..., np.newaxis]
    grey = cv2.cvtColor(x, cv2.COLOR_RGB2GRAY).reshape(*x.shape[:2], 1)
    x = p["mix"] * x + (1 - p["mix"]) * np.maximum(x, grey * 1.5 + 0.5)
    return levels(x + layer + np.rot90(layer, k=2))


TEXTURE = os.path.join(tempfile.mkdtemp(), "frost.png")


def frost(image, p):
    texture = cv2.imread(TEXTURE)
    if p["textureScale"] != 1:
        texture = cv2.resize(texture, (0, 0), fx=p["textureScale"], fy=p["textureScale"])
    size = image.size[0]
    top, left = rng.randint(0, texture.shape[0] - size), rng.randint(0, texture.shape[1] - size)
    crop = texture[top : top + size, left : left + size][..., [2, 1, 0]]
    return np.clip(p["image"] * np.array(image) + p["texture"] * crop, 0, 255).astype(np.uint8)


def plasma(size, decay):
    """Diamond-square on a torus, a level at a time."""
    field = np.zeros((size, size))
    step, reach = size, 100.0

    def jitter(mean):
        return mean / 4 + reach * rng.uniform(-reach, reach, mean.shape)

    while step >= 2:
        half = step // 2
        corners = field[::step, ::step]
        squares = corners + np.roll(corners, -1, axis=0)
        squares += np.roll(squares, -1, axis=1)
        field[half::step, half::step] = jitter(squares)
        centres = field[half::step, half::step]
        above = centres + np.roll(centres, 1, axis=0)
        beside = corners + np.roll(corners, -1, axis=1)
        field[::step, half::step] = jitter(above + beside)
        left = centres + np.roll(centres, 1, axis=1)
        upright = corners + np.roll(corners, -1, axis=0)
        field[half::step, ::step] = jitter(left + upright)
        step = half
        reach /= decay
    field -= field.min()
    return field / field.max()


def fog(image, p):
    x = unit(image)
    brightest = x.max()
    size = 1 << (x.shape[0] - 1).bit_length()
    x += p["amount"] * plasma(size, p["wibbleDecay"])[: x.shape[0], : x.shape[1], np.newaxis]
    return levels(x * brightest / (brightest + p["amount"]))


def brightness(image, p):
    x = color.rgb2hsv(unit(image))
    x[..., 2] = np.clip(x[..., 2] + p["add"], 0, 1)
    return levels(color.hsv2rgb(x))


def saturate(image, p):
    x = color.rgb2hsv(unit(image))
    x[..., 1] = np.clip(x[..., 1] * p["scale"] + p["add"], 0, 1)
    return levels(color.hsv2rgb(x))


def contrast(image, p):
    x = unit(image)
    mean = np.mean(x, axis=(0, 1), keepdims=True)
    return levels((x - mean) * p["scale"] + mean)


def elastic_transform(image, p):
    x = np.array(image, dtype=np.float32) / 255.0
    shape = x.shape[:2]
    displacement, sigma, jitter = (p[key] * p["unit"] for key in ("displacement", "sigma", "jitter"))
    centre = np.float32(shape) // 2
    third = min(shape) // 3
    corners = np.float32([centre + third, [centre[0] + third, centre[1] - third], centre - third])
    moved = corners + rng.uniform(-jitter, jitter, size=corners.shape).astype(np.float32)
    x = cv2.warpAffine(
        x, cv2.getAffineTransform(corners, moved), shape[::-1], borderMode=cv2.BORDER_REFLECT_101
    )

    def field():
        noise = rng.uniform(-1, 1, size=shape)
        return (gaussian(noise, sigma, mode="reflect", truncate=3) * displacement).astype(np.float32)

    dx, dy = field()[..., np.newaxis], field()[..., np.newaxis]
    across, down, channel = np.meshgrid(np.arange(shape[1]), np.arange(shape[0]), np.arange(3))
    places = (down + dy).reshape(-1, 1), (across + dx).reshape(-1, 1), channel.reshape(-1, 1)
    return levels(map_coordinates(x, places, order=1, mode="reflect").reshape(x.shape))


def pixelate(image, p):
    small = image.resize([int(side * p["scale"]) for side in image.size], Image.BOX)
    return np.array(small.resize(image.size, Image.BOX))


def jpeg_compression(image, p):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=p["quality"])
    return np.array(Image.open(buffer))


def spatter(image, p):
    x = (np.array(image) / 255.0).astype(np.float32)
    liquid = rng.normal(size=x.shape[:2], loc=p["mean"], scale=p["std"])
    liquid = gaussian(liquid, sigma=p["sigma"])
    liquid[liquid < p["threshold"]] = 0
    if p["liquid"] == "water":
        liquid = (liquid * 255).astype(np.uint8)
        distance = 255 - cv2.Canny(liquid, 50, 150)
        distance = cv2.distanceTransform(distance, cv2.DIST_L2, 5)
        _, distance = cv2.threshold(distance, 20, 20, cv2.THRESH_TRUNC)
        distance = cv2.equalizeHist(cv2.blur(distance, (3, 3)).astype(np.uint8))
        distance = cv2.filter2D(distance, cv2.CV_8U, np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]))
        distance = cv2.blur(distance, (3, 3)).astype(np.float32)
        mask = cv2.cvtColor(liquid * distance, cv2.COLOR_GRAY2BGRA)
        mask = mask / max(np.max(mask), 1e-9) * p["amount"]
        tint = np.ones((*x.shape[:2], 1))
        water = np.concatenate([175 / 255 * tint, 238 / 255 * tint, 238 / 255 * tint], axis=2)
        water = cv2.cvtColor(water.astype(np.float32), cv2.COLOR_BGR2BGRA)
        x = cv2.cvtColor(x, cv2.COLOR_BGR2BGRA)
        return levels(cv2.cvtColor(np.clip(x + mask.astype(np.float32) * water, 0, 1), cv2.COLOR_BGRA2BGR))
    mask = gaussian((liquid > p["threshold"]).astype(np.float32), sigma=p["amount"])
    mask[mask < 0.8] = 0
    mask = mask[..., np.newaxis]
    mud = np.array([63, 42, 20]) / 255.0 * np.ones_like(x)
    return levels(x * (1 - mask) + mud * mask)


FUNCTIONS = {
    function.__name__: function
    for function in (
        gaussian_noise, shot_noise, impulse_noise, speckle_noise, gaussian_blur, glass_blur, defocus_blur,
        motion_blur, zoom_blur, snow, frost, fog, brightness, saturate, contrast, elastic_transform, pixelate,
        jpeg_compression, spatter,
    )
}  # fmt: skip


def main():
    # The size of two of the five textures that the original reads anew for every image.
    soft = cv2.resize(rng.randint(0, 256, (90, 130, 3)).astype(np.uint8), (560, 315))
    cv2.imwrite(TEXTURE, soft)
    images = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["kind"] == "about":
            versions = (
                f"Python {sys.version.split()[0]}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
                f"scikit-image {skimage.__version__}, OpenCV {cv2.__version__}, Pillow {PIL.__version__}, "
                f"{' '.join(wand.version.MAGICK_VERSION.split()[:2])}"
            )
            print(json.dumps({"about": versions}), flush=True)
        elif request["kind"] == "image":
            size = request["size"]
            pixels = np.array(request["pixels"], dtype=np.uint8).reshape(size, size, 3)
            images[size] = Image.fromarray(pixels)
            print("{}", flush=True)
        else:
            run = FUNCTIONS[request["corruption"]]
            start = time.process_time()
            for _ in range(request["calls"]):
                run(images[request["size"]], request["parameters"])
            seconds = (time.process_time() - start) / request["calls"]
            print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
