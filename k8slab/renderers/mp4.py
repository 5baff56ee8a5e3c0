"""A film as an MP4 video (H.264).

It needs the extra `k8slab[mp4]`, whose ffmpeg is too large to be asked of everyone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy

from k8slab.renderers.raster import Raster
from k8slab.scene.scene import Scene
from k8slab.scene.tokens import Theme


def write(
    path: Path,
    scenes: Iterable[Scene],
    size: tuple[float, float],
    theme: Theme = "light",
    *,
    scale: float = 1.0,
    fps: float = 10,
) -> None:
    """Write the scenes as a video; `size` is that of the largest one. ModuleNotFoundError without ffmpeg."""
    try:
        import imageio_ffmpeg
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            'MP4 needs imageio-ffmpeg, which is not installed: pip install "k8slab[mp4]"', name=error.name
        ) from None
    raster = Raster(*size, theme, scale)
    width, height = (one + one % 2 for one in raster.size)
    writer = imageio_ffmpeg.write_frames(
        str(path), (width, height), fps=fps, codec="libx264", macro_block_size=2, ffmpeg_log_level="error"
    )
    writer.send(None)
    try:
        for scene in scenes:
            writer.send(_even(raster.draw(scene), width, height))
    finally:
        writer.close()


def _even(pixels: Any, width: int, height: int) -> Any:
    """RGB with an even number of rows and columns, which the codec asks for: the last ones are repeated."""
    more = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
    return numpy.ascontiguousarray(numpy.pad(pixels[:, :, :3], more, mode="edge"))
