# What buyers read. Say what was measured, how and when; never "100 % authentic", and no word of the machine's own.

## The frame of every page

brand = Touchstone
heading = Your order, checked before it reaches you
page-description = Where each piece is, what was measured of it, and what comes next.
skip = Skip to the content
refresh = Refresh
live-note = This page follows along by itself while it is open.
language-switch = Language
piece-code = Piece
for-buyer = For
no-page = There is no such page
no-page-why = The link may be incomplete, or it is no longer in use. Open it again from the message in which you received it.
too-many = Too many tries
too-many-why = Too many links were tried from your network. Wait a minute, then try again.
broken = Something is wrong on our side
broken-why = It has been noted. Your order is not affected. Please try again in a few minutes.
promise = This page says what was examined, how, when and by whom, and also what was not examined. A laboratory can say what a piece is made of; it cannot vouch for everything that is said of it.

## Steps of the way

step-dispatch = Sent
step-receipt = Arrived
step-check = Checked
step-release = Released
step-delivery = With you
step-now = now
step-done = done

## Stages

stage-awaiting-dispatch = Waiting for the seller to send it to us
stage-inbound = On its way to our warehouse
stage-intake-exception = Something was wrong on arrival
stage-received = Arrived at our warehouse
stage-appraising = Being examined
stage-spoken-review = Being compared with what was said of it
stage-awaiting-buyer = There is a difference. You choose
stage-undetermined = This cannot be told here yet
stage-failed = Not as described
stage-quarantined = Held for a closer look
stage-cleared = Both checks passed
stage-tagged = Tagged and packed
stage-released = Released, waiting for the carrier
stage-outbound = On its way to you
stage-delivered = Delivered to you
stage-return-inbound = Coming back to our warehouse
stage-return-intake = The returned piece is being checked
stage-returning = Going back to the seller
stage-returning-to-buyer = Going back to you
stage-closed = Closed
closed-completed = Completed
closed-cancelled = Cancelled
closed-returned = Returned to the seller
closed-unclaimed = Kept for the seller, who has not collected it
closed-lost = Lost on the way
closed-handed-to-authority = Handed to the authorities

## What happens next

next-awaiting-dispatch = The seller sends the piece to our warehouse. If nothing is sent, the order is cancelled and you are refunded.
next-inbound = The carrier brings it to us. We weigh and photograph it as soon as the parcel is opened.
next-intake-exception = The parcel did not arrive as it should. A supervisor decides what to do; you lose nothing.
next-received = An inspector takes it to the bench and examines every part.
next-appraising = When the examination is finished, each thing that was said of the piece is compared with what was measured.
next-spoken-review = The reviewer goes through every statement of the seller. Then there is a result.
next-awaiting-buyer = Read below what differs, then accept the piece or send it back. Nothing happens without you; if you do not answer in time, it goes back and you are refunded.
next-undetermined = We look for a laboratory that can tell, or we ask you whether you want the piece as it is.
next-failed = It will not be sent to you. The seller may ask for a second examination; otherwise the piece goes back to the seller and you are refunded.
next-quarantined = Two supervisors decide what happens next. Your money is safe: you lose nothing.
next-cleared = It is weighed once more, tagged and packed.
next-tagged = A second person checks everything and releases it.
next-released = The carrier collects it.
next-outbound = The carrier brings it to you. Check that the tag is whole before you break it.
next-delivered = Check the tag and the piece. You can still send it back within the return period.
next-return-inbound = When it arrives we check that it is the same piece.
next-return-intake = We compare weight, tag and photos with those from before.
next-returning = The seller gets the piece back. What you paid is owed to you in full.
next-returning-to-buyer = It was not the piece we had sent, so it comes back to you.
next-closed = Nothing further happens here.
after-completed = Nothing further happens here. Keep the certificate: anyone can check it at any time.
after-cancelled = Nothing was sent. What you paid is owed to you in full.
after-returned = The piece is with the seller again. What you paid is owed to you in full.
after-unclaimed = The piece did not come to you. What you paid is owed to you in full.
after-lost = We are sorry. You lose nothing: what you paid is owed to you in full.
after-handed-to-authority = The piece did not come to you. What you paid is owed to you in full.

due-by = Expected by { $when }.
return-until = You can send it back until { $when }.
times-in = Times as on a clock in { $zone }.
due-passed = This was expected by { $when } and is late. We have been told and are looking into it.
held-until = You will hear from us by { $when }.
held-note = Held for a closer look; you will hear from us. You lose nothing.
cancel-note = Cancellation was requested. The piece will not be sent to you.
carrier-and-waybill = Carrier and number
track-parcel = Follow the parcel
your-part = Your turn
decide-now = Decide now

## Ledger

ledger-heading = What was said, and what was found
ledger-intro = Each statement of the seller, beside what was measured.
said-as = Said or listed
measured-as = Measured
finding-as = Finding
why = Why
no-value = nothing to measure
source-spoken = said live
source-listed = listed
source-certificate = on the seller’s certificate
source-added = noted by the inspector
said-at = live at { $time }
replay-at = Hear it at { $time }
flagged = May not be said like this
denied = denied
about = about { $value }
at-least = at least { $value }
at-most = at most { $value }
between = { $low } to { $high }
with-original = { $word } ({ $original })
size-said = { $name } { $value }
finding-confirmed = confirmed
finding-contradicted = differs
finding-not-testable = cannot be tested by a laboratory
finding-not-tested = not tested
finding-promise = promise
counted-findings = { $count ->
    [one] 1 { $finding }
   *[other] { $count } { $finding }
}
explain-not-testable = “Cannot be tested by a laboratory”: no measurement settles it, such as where a stone comes from or how fine its texture looks. We neither confirm nor deny it.
explain-promise = “Promise”: a service or a guarantee of the seller, not a property of the piece. It is not measured; it is owed to you.
explain-not-tested = “Not tested”: it could be tested and was not; the reason stands with it.
not-checked-heading = What was not checked
speech-unavailable = There is no record of the live sale for this piece, as two people confirmed. Only the listing and the seller’s certificate were compared.
speech-pending = What was said in the live sale has not been compared yet.
speech-checked = What was said in the live sale was compared.
speech-not-checked = What was said in the live sale could not be compared.
claim-material = Material
claim-treatment = Treatment
claim-fineness = Fineness
claim-weight = Weight
claim-size = Size
claim-grade = Grade
claim-origin = Origin
claim-certificate = Certificate
claim-guarantee = Guarantee
claim-banned-phrase = Wording

## What was measured

measured-heading = What we measured
weight-heading = Weight, each time it lay on a balance
weight-receipt = On arrival
weight-bench = Examination
weight-packing = Packing
weight-tagged = With its tag
instrument-named = instrument { $name }
read-by-instrument = read from the balance
typed-by-hand = entered by hand
uncertainty = ± { $value } g
includes = with { $things }
not-examined-because = Reason
treatment-none = no treatment found
by-laboratory = In the name of { $name }
title-of = Piece { $piece }
part-main-stone = Main stone
part-side-stone = Side stone
part-metal = Metal
part-setting = Setting
part-cord = Cord
part-accessory = Accessory
state-examined = examined
state-not-examined = not examined
state-cannot-be-determined = cannot be determined
include-cord = cord
include-chain = chain
include-tag = tag
include-holder = holder
include-stones = stones
include-bag = bag
method-infrared = Infrared spectrum
method-raman = Raman spectrum
method-refractive-index = Refractive index
method-specific-gravity = Specific gravity
method-microscope = Microscope
method-ultraviolet = Ultraviolet light
method-x-ray = X-ray
method-x-ray-fluorescence = X-ray fluorescence (surface)
method-balance = Balance
method-visual = By eye
size-inner-diameter-mm = inner diameter
size-bead-diameter-mm = bead diameter
size-diameter-mm = diameter
size-length-mm = length
size-width-mm = width
size-height-mm = height
size-thickness-mm = thickness
size-ring-number = ring size

## Photos

photos-heading = Photos
photo-of = { $kind } (enlarge)
photos-receipt = On arrival
photos-bench = Examination
photos-packing = Packing
photo-parcel-closed = The parcel, unopened
photo-parcel-open = The parcel, opened
photo-piece-overview = The piece as it came
photo-piece-front = Front
photo-piece-back = Back
photo-piece-with-tag = With its tag
photo-packed = Packed for you
photo-inside-hallmark = Mark inside
photo-hallmark = Hallmark
photo-clasp-hallmark = Mark on the clasp
photo-on-gauge = On the gauge
photo-on-balance = On the balance
photo-face-up = Face up
photo-side = Side
photo-certificate-front = The seller’s certificate
photo-certificate-number = Its number
photo-tag-close-up = The tag, close up

## Time line

timeline-heading = What has happened
event-piece-opened = Order taken in
event-dispatched = Sent by the seller
event-waybill-corrected = Parcel number corrected
event-received = Received, weighed and photographed
event-intake-exception-found = Something was wrong on arrival
event-exception-resolved = Decided what to do about it
event-cancelled = Cancelled
event-cancel-requested = Cancellation requested
event-turned-back = Turned back on the way
event-lost = Lost on the way
event-appraisal-opened = Examination begun
event-appraisal-settled = Examination finished
event-verdict-given = Result given
event-appraisal-reopened = Examined again
event-difference-accepted = Difference accepted
event-difference-refused = Difference not accepted
event-outside-report-recorded = Report of an outside laboratory
event-disclosed-to-buyer = Put to the buyer
event-given-up = Could not be told; goes back
event-appealed = The seller asked for another examination
event-appeal-lapsed = The seller accepts the result
event-overridden = Put to the buyer by a supervisor and a second person
event-quarantine-lifted = No longer held
event-quarantine-upheld = Not released
event-tagged = Tagged and packed
event-packing-mismatch-found = The weight at packing differed; held
event-untagged = Tag taken off
event-released = Released by a second person
event-capsule-revoked = Release withdrawn
event-shipped = Sent to you
event-delivered = Delivered
event-refused = Not taken at the door
event-completed = Completed
event-return-opened = Return requested
event-return-posted = Return sent
event-return-received = Return received
event-return-lapsed = Return lapsed; the piece stays with you
event-same-piece-confirmed = It is the same piece
event-not-same-piece-found = It is not the same piece
event-identity-unclear = Whether it is the same piece is unclear; held
event-return-shipped = On its way back
event-returned = The seller has it again
event-unclaimed = Not collected by the seller
event-delivered-back = Back with you
event-lost-in-custody = Lost in our hands
event-damaged-in-custody = Damaged in our hands
event-certificate-clash-found = The seller’s certificate is being checked
event-same-article-answered = The seller’s certificate was checked
role-platform = platform
role-merchant = seller
role-clerk = warehouse
role-inspector = inspector
role-supervisor = supervisor
role-auditor = auditor
role-operator = operations
role-buyer = buyer
role-carrier = carrier
role-desk = automatic

## Results

verdict-pass = passed
verdict-disclosed-difference = a difference is disclosed
verdict-undetermined = something cannot be told
verdict-not-as-described = not as described
verdict-suspected-counterfeit = held on suspicion

## The buyer's choice

difference-heading = What differs
override-note = A supervisor and a second person decided to put this piece to you although it was found not to be as described.
choice-heading = Your decision
choice-legend = What shall happen with this piece?
choice-accept = Accept the piece as it is
choice-accept-means = It is tagged, packed and sent to you with this difference written on its certificate. Your right to return it later stays as it is.
choice-refuse = Do not accept it
choice-refuse-means = It goes back to the seller, and what you paid for it is owed to you in full.
choice-default = If you do not decide in time, it counts as not accepted: the piece goes back and you are refunded. Silence never means yes.
choice-clock = You have 72 hours from the moment our message reached you. The time never ends between 22:00 and 09:00.
choice-until = You can decide until { $when }.
choice-friend = Anyone with this link can read this page. To decide, we need to know that it is you.
choice-phone = Last four digits of your phone number
choice-phone-hint = The number of the order. You have five tries.
choice-tries = { $left ->
    [one] That did not fit. 1 try is left.
   *[other] That did not fit. { $left } tries are left.
}
choice-known = You opened this page from your personal message.
choice-known-why = No digits are needed.
choice-send = Confirm my decision
choice-back = Back to the order
choice-pick = Choose one of the two.
choice-done-heading = Your decision is recorded
choice-accepted = You accepted the piece with this difference.
choice-refused = You did not accept the piece. It goes back, and what you paid is owed to you in full.
choice-when = Recorded on { $when }. You receive a message about it.
choice-expired = The time to decide is over
choice-expired-why = The piece goes back to the seller, and what you paid for it is owed to you in full. If you would like it all the same, write to the platform that you bought from.
choice-gone = There is nothing to decide here
choice-gone-why = This piece is not waiting for a decision any more. The order's page shows how it stands.
choice-stale = The page has changed
choice-stale-why = What differs was written anew since you opened this page. Please read it again, then decide.
choice-wrong = Please enter the last four digits of the phone number of the order.
choice-locked = Too many wrong tries. Open this page from the personal message that was sent to you; no digits are needed there.
choice-no-phone = There is no phone number with this order. Open this page from the personal message that was sent to you.
choice-other-site = This request came from another site. Open the page and decide there.

## Certificate

certificate-heading = Certificate of release
certificate-link = See and check the certificate
certificate-void = The certificate was withdrawn.
certificate-stands = Valid
certificate-stands-why = Our signature is genuine and the certificate was not withdrawn.
certificate-revoked = Withdrawn
certificate-revoked-why = Our signature is genuine, but the certificate was withdrawn and no longer counts.
certificate-not-verified = Not genuine
certificate-not-verified-why = What is stored here is not what was signed. Do not rely on it.
certificate-unknown = Unknown
certificate-unknown-why = We never gave out a certificate with this number. Check the number; if it stands on a certificate in your hands, do not rely on that.
certificate-covers = What it covers
certificate-covers-why = It covers the one piece that carries this tag, as it was when the tag was put on.
certificate-offline = The certificate can be checked without this site: download it, with our public keys and our signed list of what was withdrawn.
certificate-download = Download the signed certificate
certificate-scan = Scan to check
certificate-tag = Tag
certificate-verdict = Result
certificate-weight = Weight at packing
certificate-laboratory = Laboratory
certificate-rulebook = Rules of
certificate-journal = Journal
certificate-valid-from = Signed
certificate-parts = Parts
certificate-claims = Statements
certificate-server = Checked by us
certificate-own = Checked by your browser
certificate-own-lacks = Your browser cannot check the signature by itself here. You can download the certificate and check it elsewhere.
certificate-own-start = To let your own browser check the signature, JavaScript is needed. Without it you can download the certificate and check it elsewhere.
certificate-own-running = Checking …
certificate-own-good = The signature is genuine, and the certificate is not on the list of those withdrawn.
certificate-own-bad = The signature is not genuine. Do not rely on this certificate.
certificate-own-revoked = The signature is genuine, but the certificate was withdrawn.
certificate-own-failed = The check could not be finished. Is there a connection?
check-heading = Check a certificate
check-intro = Anyone may check. Enter the number, or paste the signed certificate.
check-number = Number on the certificate
check-number-send = Look it up
check-paste = Signed certificate (one long line)
check-send = Check it
check-good = This is a certificate of ours, exactly as it was signed, and it stands.
check-bad = This is not a certificate that stands. Do not rely on it.

## Notices

notice-order-taken-in = Your order was taken in
notice-piece-to-send = A piece is to be sent to the warehouse
notice-arrived = A piece has arrived at the warehouse
notice-passed = A piece has passed both checks
notice-choice-needed = A difference was found: please decide
notice-choice-recorded = Your decision is recorded
notice-failed = A piece is not as described
notice-held = A piece is held for a closer look
notice-shipped = A piece is on its way to you
notice-delivered = A piece was delivered
notice-returning-to-merchant = A piece is on its way back to you
notice-returned = A piece was returned
notice-cancelled = A piece was cancelled
notice-lost-or-damaged = A piece was lost or damaged
notice-stage-changed = A piece has moved on
notice-verdict-given = A verdict was given
notice-mail-buried = A message did not arrive

## Endpoints

endpoint-paused-title = Your webhook endpoint is paused
endpoint-paused = Your endpoint { $url } has taken no message since { $since } (last answer: { $outcome }), so nothing more is sent to it. What was to be told waits. Mend the endpoint, then resume it with POST /v1/webhooks/ID/resume: the messages follow in their order.
