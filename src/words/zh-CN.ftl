# 买家看到的话。只说检测了什么、怎么测、何时测；不说“100% 保真”，也不出现程序内部的名称。

## 页面框架

brand = 试金石
heading = 先查验，再到您手上
page-description = 每件商品在哪里、检测出了什么、接下来怎么办。
skip = 跳到正文
refresh = 刷新
live-note = 页面打开期间会自动更新。
language-switch = 语言
piece-code = 一物一码
for-buyer = 收货人
no-page = 没有这个页面
no-page-why = 链接可能不完整，或已停用。请从收到的消息里重新打开。
too-many = 尝试次数过多
too-many-why = 您的网络尝试了太多链接。请稍等一分钟再试。
broken = 我们这边出了问题
broken-why = 已记录，您的订单不受影响。请过几分钟再试。
promise = 本页写明检测了什么、用什么方法、何时、由谁检测，没有检测的也会说明。实验室能说清一件东西是什么做的，但不能为所有说法作保。

## 五个步骤

step-dispatch = 寄出
step-receipt = 到仓
step-check = 检测
step-release = 放行
step-delivery = 送达
step-now = 当前
step-done = 已完成

## 状态

stage-awaiting-dispatch = 等待商家寄往质检仓
stage-inbound = 正在寄往质检仓
stage-intake-exception = 到仓时发现问题
stage-received = 已到质检仓
stage-appraising = 正在检测
stage-spoken-review = 正在与商家的说法逐条核对
stage-awaiting-buyer = 有一处不同，由您决定
stage-undetermined = 本仓暂时无法判定
stage-failed = 与描述不符
stage-quarantined = 暂存，进一步核查
stage-cleared = 两道检查均已通过
stage-tagged = 已加质检扣并封装
stage-released = 已放行，等待快递揽收
stage-outbound = 正在寄给您
stage-delivered = 已送达
stage-return-inbound = 正在退回质检仓
stage-return-intake = 正在核对退回的商品
stage-returning = 正在退回商家
stage-returning-to-buyer = 正在寄回给您
stage-closed = 已结束
closed-completed = 已完成
closed-cancelled = 已取消
closed-returned = 已退回商家
closed-unclaimed = 商家尚未取回
closed-lost = 已遗失
closed-handed-to-authority = 已移交主管部门

## 接下来

next-awaiting-dispatch = 商家将商品寄到质检仓。如果一直没有寄出，订单会取消并退款给您。
next-inbound = 快递送到后，我们当场开箱、称重、拍照。
next-intake-exception = 包裹到仓时有异常，由主管处理；您不会有损失。
next-received = 质检师将把它拿上检测台，逐个部件检测。
next-appraising = 检测完成后，会把商家说过的每一条与检测结果核对。
next-spoken-review = 核对完商家的每一条说法后，就会有结论。
next-awaiting-buyer = 请先看下面哪里不同，再决定收下还是退回。没有您的决定不会寄出；逾期未答复，商品退回商家并给您退款。
next-undetermined = 我们会找能判定的实验室，或者问您是否按现状收下。
next-failed = 不会寄给您。商家可以申请复检；否则商品退回商家，并给您退款。
next-quarantined = 由两位主管共同决定。您的钱是安全的，不会有损失。
next-cleared = 再称一次重，加质检扣，封装。
next-tagged = 由另一个人复核后放行。
next-released = 等快递上门揽收。
next-outbound = 快递会送到您手上。拆扣之前，请先看质检扣是否完好。
next-delivered = 请检查质检扣和商品。退货期内仍可退货。
next-return-inbound = 到仓后，我们会核对是不是同一件。
next-return-intake = 我们会把重量、质检扣和照片与之前的比对。
next-returning = 商品退给商家，您付的钱全额应退。
next-returning-to-buyer = 退来的不是我们寄出的那一件，所以寄回给您。
next-closed = 这里不会再有变化。
after-completed = 这里不会再有变化。请保留证书：任何人随时都可以查验。
after-cancelled = 商品没有寄出。您付的钱全额应退。
after-returned = 商品已回到商家。您付的钱全额应退。
after-unclaimed = 商品没有寄给您。您付的钱全额应退。
after-lost = 非常抱歉。您不会有损失：您付的钱全额应退。
after-handed-to-authority = 商品没有寄给您。您付的钱全额应退。

due-by = 预计不晚于 { $when }。
return-until = { $when } 前可以退货。
times-in = 时间按 { $zone } 显示。
due-passed = 原定 { $when } 之前，已经晚了。我们已收到提醒，正在处理。
held-until = 我们会在 { $when } 前答复您。
held-note = 暂存核查，会给您答复；您不会有损失。
cancel-note = 已申请取消，这件不会寄给您。
carrier-and-waybill = 快递与单号
track-parcel = 查看物流
your-part = 轮到您了
decide-now = 现在决定

## 口播对照表

ledger-heading = 怎么说的，测出来是什么
ledger-intro = 商家的每一条说法，旁边是检测结果。
said-as = 口播或页面
measured-as = 检测
finding-as = 结论
why = 依据
no-value = 没有可测的值
source-spoken = 直播口播
source-listed = 商品页面
source-certificate = 送检证书
source-added = 质检师补记
said-at = 直播 { $time }
replay-at = 回听 { $time }
flagged = 不允许这样说
denied = 说没有
about = 约 { $value }
at-least = 不少于 { $value }
at-most = 不超过 { $value }
between = { $low } 至 { $high }
with-original = { $word }（{ $original }）
size-said = { $name } { $value }
finding-confirmed = 相符
finding-contradicted = 不同
finding-not-testable = 实验室测不出
finding-not-tested = 未检测
finding-promise = 承诺
counted-findings = { $count } 条{ $finding }
explain-not-testable = “实验室测不出”：没有哪种检测能下定论，比如产地、种水。我们既不证实，也不否定。
explain-promise = “承诺”：是商家的服务或保证，不是商品的性质，无从检测，但商家应当兑现。
explain-not-tested = “未检测”：本可以检测而没有检测，原因写在旁边。
not-checked-heading = 没有核对的
speech-unavailable = 本件没有可核对的直播记录，已由两人确认；只核对了商品页面和送检证书。
speech-pending = 直播里的说法还没有核对。
speech-checked = 直播里的说法已核对。
speech-not-checked = 直播里的说法无法核对。
claim-material = 材质
claim-treatment = 处理
claim-fineness = 成色
claim-weight = 重量
claim-size = 尺寸
claim-grade = 等级
claim-origin = 产地
claim-certificate = 证书
claim-guarantee = 保证
claim-banned-phrase = 用语

## 检测

measured-heading = 检测结果
weight-heading = 每一次称重
weight-receipt = 到仓
weight-bench = 检测
weight-packing = 封装
weight-tagged = 连质检扣
instrument-named = 仪器 { $name }
read-by-instrument = 天平直读
typed-by-hand = 人工录入
uncertainty = ± { $value } g
includes = 含{ $things }
not-examined-because = 原因
treatment-none = 未见处理
by-laboratory = 以{ $name }名义检测
title-of = 商品 { $piece }
part-main-stone = 主石
part-side-stone = 配石
part-metal = 金属
part-setting = 镶嵌金属
part-cord = 绳
part-accessory = 配件
state-examined = 已检测
state-not-examined = 未检测
state-cannot-be-determined = 无法判定
include-cord = 绳
include-chain = 链
include-tag = 签
include-holder = 托
include-stones = 石
include-bag = 袋
method-infrared = 红外光谱
method-raman = 拉曼光谱
method-refractive-index = 折射率
method-specific-gravity = 相对密度
method-microscope = 放大检查
method-ultraviolet = 紫外荧光
method-x-ray = X 射线
method-x-ray-fluorescence = X 射线荧光（表面）
method-balance = 天平
method-visual = 目视
size-inner-diameter-mm = 圈口
size-bead-diameter-mm = 珠径
size-diameter-mm = 直径
size-length-mm = 长
size-width-mm = 宽
size-height-mm = 高
size-thickness-mm = 厚
size-ring-number = 戒圈号

## 照片

photos-heading = 照片
photo-of = { $kind }（放大）
photos-receipt = 到仓
photos-bench = 检测
photos-packing = 封装
photo-parcel-closed = 未开封的包裹
photo-parcel-open = 开箱
photo-piece-overview = 到仓时的商品
photo-piece-front = 正面
photo-piece-back = 背面
photo-piece-with-tag = 加扣后
photo-packed = 封装好
photo-inside-hallmark = 内圈印记
photo-hallmark = 印记
photo-clasp-hallmark = 扣头印记
photo-on-gauge = 量圈口
photo-on-balance = 在天平上
photo-face-up = 台面
photo-side = 侧面
photo-certificate-front = 送检证书
photo-certificate-number = 证书编号
photo-tag-close-up = 质检扣特写

## 时间线

timeline-heading = 经过
event-piece-opened = 订单已受理
event-dispatched = 商家已寄出
event-waybill-corrected = 更正快递单号
event-received = 到仓，已称重拍照
event-intake-exception-found = 到仓时发现问题
event-exception-resolved = 异常已处理
event-cancelled = 已取消
event-cancel-requested = 申请取消
event-turned-back = 途中退回
event-lost = 途中遗失
event-appraisal-opened = 开始检测
event-appraisal-settled = 检测完成
event-verdict-given = 得出结论
event-appraisal-reopened = 重新检测
event-difference-accepted = 接受差异
event-difference-refused = 不接受差异
event-outside-report-recorded = 外部实验室报告
event-disclosed-to-buyer = 请买家决定
event-given-up = 无法判定，退回
event-appealed = 商家申请复检
event-appeal-lapsed = 商家接受结论
event-overridden = 主管与另一人共同决定请买家选择
event-quarantine-lifted = 解除暂存
event-quarantine-upheld = 不予放行
event-tagged = 已加质检扣并封装
event-packing-mismatch-found = 封装称重不符，暂存
event-untagged = 取下质检扣
event-released = 由另一人放行
event-capsule-revoked = 撤销放行
event-shipped = 已寄给您
event-delivered = 已送达
event-refused = 拒收
event-completed = 已完成
event-return-opened = 申请退货
event-return-posted = 退件已寄出
event-return-received = 退件到仓
event-return-lapsed = 逾期未退，商品归您
event-same-piece-confirmed = 确认是同一件
event-not-same-piece-found = 不是同一件
event-identity-unclear = 是否同一件存疑，暂存
event-return-shipped = 正在退回
event-returned = 商家已收到退件
event-unclaimed = 商家未取回
event-delivered-back = 已寄回给您
event-lost-in-custody = 在仓遗失
event-damaged-in-custody = 在仓损坏
event-certificate-clash-found = 正在核实送检证书
event-same-article-answered = 送检证书已核实
role-platform = 平台
role-merchant = 商家
role-clerk = 仓管
role-inspector = 质检师
role-supervisor = 主管
role-auditor = 审计
role-operator = 运维
role-buyer = 买家
role-carrier = 快递
role-desk = 系统

## 结论

verdict-pass = 通过
verdict-disclosed-difference = 有差异，已告知
verdict-undetermined = 有无法判定之处
verdict-not-as-described = 与描述不符
verdict-suspected-counterfeit = 存疑，暂存

## 买家的决定

difference-heading = 哪里不同
override-note = 检测认为与描述不符；经主管与另一人共同决定，请您选择是否收下。
choice-heading = 您的决定
choice-legend = 这件商品怎么办？
choice-accept = 按现状收下
choice-accept-means = 加质检扣、封装并寄给您，这处不同会写进证书。之后的退货权利不变。
choice-refuse = 不收
choice-refuse-means = 商品退回商家，您付的钱全额应退。
choice-default = 逾期没有决定，按“不收”处理：商品退回，给您退款。不答复绝不等于同意。
choice-clock = 从通知送达起，您有 72 小时。期限不会落在晚上 10 点到早上 9 点之间。
choice-until = 您可以在 { $when } 前决定。
choice-friend = 有这个链接的人都能看到本页。要做决定，需要确认是您本人。
choice-phone = 手机号后四位
choice-phone-hint = 下单时留的号码，共有五次机会。
choice-tries = 不对。还剩 { $left } 次机会。
choice-known = 您是从发给您本人的消息打开的，
choice-known-why = 不需要输入号码。
choice-send = 确认我的决定
choice-back = 返回订单
choice-pick = 请选择其中一项。
choice-done-heading = 您的决定已记录
choice-accepted = 您已接受这处不同，收下这件商品。
choice-refused = 您没有接受。商品将退回商家，您付的钱全额应退。
choice-when = 记录于 { $when }，并会发消息给您确认。
choice-expired = 决定的时间已过
choice-expired-why = 商品将退回商家，您付的钱全额应退。如果您仍想要，请联系购买的平台。
choice-gone = 这里没有需要决定的事
choice-gone-why = 这件商品已不在等待您的决定，请看订单页上的进展。
choice-stale = 内容已有变化
choice-stale-why = 在您打开之后，不同之处的说明已更新。请重新阅读后再决定。
choice-wrong = 请输入下单手机号的后四位数字。
choice-locked = 输错次数过多。请从发给您本人的消息里打开，不需要输入号码。
choice-no-phone = 这个订单没有留手机号。请从发给您本人的消息里打开。
choice-other-site = 这个请求来自其他网站。请打开本页再决定。

## 证书

certificate-heading = 放行凭证
certificate-link = 查看并查验凭证
certificate-void = 凭证已撤销。
certificate-stands = 有效
certificate-stands-why = 签名真实，凭证未被撤销。
certificate-revoked = 已撤销
certificate-revoked-why = 签名真实，但凭证已被撤销，不再有效。
certificate-not-verified = 不真实
certificate-not-verified-why = 这里存的内容与签名不符，请勿采信。
certificate-unknown = 未知
certificate-unknown-why = 我们没有发出过这个编号的凭证。请核对编号；如果您手上的证书印着它，请勿采信。
certificate-covers = 涵盖什么
certificate-covers-why = 只涵盖带有这枚质检扣的这一件，以加扣时的状态为准。
certificate-offline = 不经过本站也能查验：下载凭证，配合我们公开的密钥和签名的撤销名单即可。
certificate-download = 下载签名凭证
certificate-scan = 扫码查验
certificate-tag = 质检扣
certificate-verdict = 结论
certificate-weight = 封装重量
certificate-laboratory = 检测机构
certificate-rulebook = 规则集
certificate-journal = 流水
certificate-valid-from = 签发时间
certificate-parts = 部件
certificate-claims = 说法
certificate-server = 我们的查验
certificate-own = 您的浏览器查验
certificate-own-lacks = 您的浏览器在这里无法自行查验签名。可以下载凭证到别处查验。
certificate-own-start = 让您自己的浏览器查验签名，需要 JavaScript。没有的话，可以下载凭证到别处查验。
certificate-own-running = 正在查验……
certificate-own-good = 签名真实，且不在撤销名单上。
certificate-own-bad = 签名不真实，请勿采信这份凭证。
certificate-own-revoked = 签名真实，但凭证已被撤销。
certificate-own-failed = 查验没有完成，网络是否正常？
check-heading = 查验凭证
check-intro = 任何人都可以查验。输入编号，或粘贴签名凭证。
check-number = 凭证上的编号
check-number-send = 查询
check-paste = 签名凭证（一整行）
check-send = 查验
check-good = 这是我们的凭证，与签名时一字不差，并且有效。
check-bad = 这不是一份有效的凭证，请勿采信。

## 通知

notice-order-taken-in = 您的订单已受理
notice-piece-to-send = 有一件商品待寄往质检仓
notice-arrived = 商品已到质检仓
notice-passed = 商品已通过两道检查
notice-choice-needed = 发现一处不同，请您决定
notice-choice-recorded = 您的决定已记录
notice-failed = 商品与描述不符
notice-held = 商品暂存核查
notice-shipped = 商品已寄给您
notice-delivered = 商品已送达
notice-returning-to-merchant = 商品正在退回给您
notice-returned = 商品已退回
notice-cancelled = 商品已取消
notice-lost-or-damaged = 商品遗失或损坏
notice-stage-changed = 商品有新进展
notice-verdict-given = 已有结论
notice-mail-buried = 有消息未能送达

## Endpoints

endpoint-paused-title = 您的 Webhook 接收地址已暂停
endpoint-paused = 您的接收地址 { $url } 自 { $since } 起未成功接收任何消息（最后一次结果：{ $outcome }），因此已暂停推送。未送达的消息会保留。修复后请调用 POST /v1/webhooks/ID/resume 恢复，消息将按顺序补发。
