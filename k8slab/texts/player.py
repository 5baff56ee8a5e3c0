"""The player: a film as a page of its own."""

from __future__ import annotations

TEXTS = {
    "title": ("k8slab: a recorded cluster", "k8slab：集群录像"),
    "controls": ("Playback", "播放控制"),
    "play": ("Play", "播放"),
    "pause": ("Pause", "暂停"),
    "start": ("To the start (Home)", "回到开头（Home）"),
    "back": ("One change back (←)", "后退一个变化（←）"),
    "forward": ("One change on (→)", "前进一个变化（→）"),
    "scrub": ("Instant", "时刻"),
    "speed": ("Speed", "速度"),
    "theme": ("Light or dark (T)", "浅色或深色（T）"),
    "keys": (
        "Keys: Space plays, ← → go change by change, Home and End to the ends, + and − the speed, "
        "T light or dark, Escape closes the details. In the picture the arrow keys go from thing to thing.",
        "按键：空格播放，← → 逐个变化，Home 和 End 到两端，+ 和 − 调速度，T 切换浅色深色，"
        "Escape 关闭详情。在画面中，方向键在各对象之间移动。",
    ),
    "done": ("What was done", "操作记录"),
    "details": ("Details", "详情"),
    "close": ("Close (Escape)", "关闭（Escape）"),
    "gone": ("It is not there at this instant.", "此刻它不存在。"),
    "hint": ("Click a thing to inspect it.", "点击任一对象查看详情。"),
    "pages": ("Pages", "页"),
    "summary": ("Summary", "概要"),
    "why": ("Why", "为什么"),
    "yaml": ("YAML", "YAML"),
    "logs": ("Logs", "日志"),
    "log": ("Log of {name}", "{name} 的日志"),
    "no_log": ("(nothing yet)", "（尚无内容）"),
    "unknown": ("Nothing is known of it.", "关于它一无所知。"),
    "old": (
        "This browser is too old for the recording: it needs one of 2023 or later.",
        "此浏览器过旧，无法读取录像：需要 2023 年或更新的浏览器。",
    ),
    "lives": ("What became of it", "它的经历"),
    "seconds": ("t = {seconds} s", "t = {seconds} 秒"),
    "played": ("playing at {speed}", "以 {speed} 播放"),
    "paused": ("paused at t = {seconds} s", "已暂停于 t = {seconds} 秒"),
}
