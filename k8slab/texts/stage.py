"""What the browser says of its own accord: the live view, the editor and the console."""

from __future__ import annotations

TEXTS = {
    "picture": ("The cluster", "集群"),
    "picture.keys": (
        "The cluster. Arrow keys go from thing to thing.",
        "集群。用方向键在各对象之间移动。",
    ),
    "playhead": ("Time: Enter goes back to it", "时间：按 Enter 回到该时刻"),
    "instant": ("t = {seconds} s", "t = {seconds} 秒"),
    "instant.now": ("t = {seconds} s, now", "t = {seconds} 秒，现在"),
    "grip": ("Replicas of {kind} {name}", "{kind} {name} 的副本数"),
    "grip.keys": ("Drag or use the arrow keys", "拖动，或用方向键"),
    "grip.enter": ("Enter does it, Esc lets it be", "按 Enter 执行，按 Esc 放弃"),
    "grip.release": ("Let go to do it, Esc lets it be", "松开即执行，按 Esc 放弃"),
    "grip.change": ("{before} → {after} replicas", "{before} → {after} 个副本"),
    "grip.count": ("{count} replicas", "{count} 个副本"),
    "relations": ("Relations that are drawn", "画出的关系"),
    "lines.on": ("{relation} lines on", "{relation}连线已显示"),
    "lines.off": ("{relation} lines off", "{relation}连线已隐藏"),
    "cut.gone": (
        "This panel's kernel is gone. What you see is how the cluster last was, and nothing here can be "
        "pressed any more: run the cell again for a live panel.",
        "此面板的内核已不在。这里显示的是集群最后的样子，按钮都不再起作用："
        "重新运行该单元格即可得到可操作的面板。",
    ),
    "cut.lost": (
        "No connection to the kernel: the page keeps trying to reach it.",
        "与内核的连接已断开：页面正在重新连接。",
    ),
    "over": ("no more: {what}", "已结束：{what}"),
    "gone": ("{what} is gone", "{what} 已消失"),
    "selected": ("selected", "已选中"),
    "value": ("value", "值"),
    "clock": ("day {day} · {time}", "第 {day} 天 · {time}"),
    "facts": (
        "t = {seconds} s · seed {seed} · {events} events",
        "t = {seconds} 秒 · 种子 {seed} · {events} 个事件",
    ),
    "console": ("Console", "控制台"),
    "console.nothing": ("nothing to complete", "没有可补全的内容"),
    "editor": (
        "YAML to apply. Control and Space offer the names of fields.",
        "要应用的 YAML。按 Ctrl 和空格给出字段名。",
    ),
    "editor.choices": ("What may stand here", "此处可以写什么"),
    "editor.apply": ("apply", "应用"),
    "editor.line": ("line {line}", "第 {line} 行"),
}
