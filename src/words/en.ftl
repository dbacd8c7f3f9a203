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
event-carrier-moved = The carrier reports that the parcel is moving
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

difference-heading = What differs, and what was not tested
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
certificate-lost = Cannot be vouched for
certificate-lost-why = We gave out a certificate with this number and have lost its record since. Do not rely on it: a new one is given once the piece has been looked at again.
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

## Letters

demo-mail-heading = Letters that the demo sent
demo-mail-none = There are none yet.
letter-order = Order { $number }
letter-follow = See your order
letter-decide = Decide now
letter-certificate = See and check the certificate
letter-pieces = { $count ->
    [one] 1 piece
   *[other] { $count } pieces
}
letter-and-more = { $subject }, and { $count } more
letter-digest = Digest of the result { $digest }
letter-digest-why = The page and this letter tell of one result; the digest is the same.
letter-private = The link to decide is yours alone: please do not pass this letter on.
letter-why-buyer = You receive this because your order is checked by us before it reaches you. No answer is needed.
letter-why-merchant = You receive this because the piece is checked by us. No answer is needed.
letter-why-supervisor = This goes to the supervisors of the warehouse.
letter-rest-on-page = The rest is on the page of your order.
letter-send-to = Send it to
letter-code-on-parcel = Write the piece code on the bag of the piece:
letter-send-until = Please send it by { $when }.
letter-appeal-until = You can ask for a second examination until { $when }.
letter-appeal-clock = You have 24 hours from when this reaches you to ask for a second examination. They never end between 10 at night and 9 in the morning.
letter-another-clock = You can send another piece for this line within 48 hours; otherwise the buyer is owed the full price.
letter-another-until = You can send another piece for this line until { $when }; otherwise { $amount } is owed to the buyer.
letter-collect-until = Please collect or receive it by { $when }.
letter-reasons = Reasons, one by one
letter-rule-breached = May not be said like this: { $rule }
letter-stage = Where it stands: { $stage }
letter-due = Due { $when }
letter-quote = “{ $words }”

subject-buyer-order-taken-in = Your order is with us
subject-buyer-another-to-come = The seller sends another piece
subject-buyer-arrived = Your piece has arrived at our warehouse
subject-buyer-intake-exception = Something was wrong with the parcel
subject-buyer-passed = Your piece has passed both checks
subject-buyer-choice-needed = There is a difference: your choice is needed
subject-buyer-choice-reminder = We are still waiting for your choice
subject-buyer-choice-recorded = Your choice is recorded
subject-buyer-rest-asked = Shall the other pieces go ahead? Your choice is needed
subject-buyer-failed = Your piece is not as described
subject-buyer-undetermined = Your piece cannot be judged here yet
subject-buyer-examined-again = Your piece is being examined again
subject-buyer-held = Your piece is held for a closer look
subject-buyer-going-back = The piece goes back to the seller, not to you
subject-buyer-shipped = Your piece is on its way to you
subject-buyer-delivered = Your piece was delivered
subject-buyer-delayed = Your piece is later than expected
subject-buyer-return-opened = Your return is noted
subject-buyer-return-arrived = Your return has arrived
subject-buyer-return-accepted = It is the same piece: your money is owed to you
subject-buyer-return-refused = What came back is not the piece we sent
subject-buyer-return-lapsed = The time for your return is over
subject-buyer-sent-back = The piece is on its way back to you
subject-buyer-cancelled = Your cancellation is noted
subject-buyer-lost-or-damaged = Your piece was lost or damaged
subject-buyer-certificate-withdrawn = The certificate was withdrawn
subject-buyer-handed-to-authority = Your piece was handed to the authorities
subject-buyer-refund-owed = Money is owed to you
subject-buyer-refund-settled = The platform says that you were refunded

tell-buyer-order-taken-in = What you bought comes to our warehouse first. We examine it and compare it with everything that was said of it; then it is sent to you. You can follow each step on the page of your order.
tell-buyer-another-to-come = The piece before was not sent to you. The seller sends another one for this line; it is examined in the same way before it reaches you.
tell-buyer-arrived = The parcel was opened, weighed and photographed on the spot. An inspector examines the piece next.
tell-buyer-intake-exception = The parcel did not arrive as it should, and a supervisor decides what to do. Nothing is sent on until then; you lose nothing.
tell-buyer-passed = The examination is finished, and each statement of the seller was compared with it. Below is what was found, and also what was not examined. The piece is now tagged, packed and released by a second person; then it is sent to you.
tell-buyer-choice-needed = Something that was said differs from what was measured, or could not be measured. Without your choice the piece is not sent.
tell-buyer-choice-reminder = You have not chosen yet. If you do not, the piece goes back, and what you paid is owed to you in full.
tell-buyer-choice-recorded = We have your choice and act on it.
tell-buyer-rest-asked = One piece of this order cannot be sent to you, and the others wait for your word: shall they be sent without it, or do you want none of them? If you do not answer, none is sent, and what you paid is owed to you in full.
tell-buyer-failed = What was measured is not what the seller said, so this piece will not be sent to you. The seller may ask for a second examination or send another piece; if they do neither, what you paid is owed to you in full.
tell-buyer-undetermined = Not everything that was said of the piece can be judged here. We look for a laboratory that can tell, or ask you whether you want it as it is, or send it back. You lose nothing.
tell-buyer-examined-again = The piece is on the bench once more. The result before no longer counts; you will hear of the new one.
tell-buyer-held = The piece is held, and two supervisors decide together. You will hear from us; you lose nothing.
tell-buyer-going-back = This piece goes back to the seller and will not be sent to you. The seller may send another within 48 hours; otherwise what you paid is owed to you in full.
tell-buyer-shipped = The piece was released and given to the carrier. Check that the tag is whole before you break it.
tell-buyer-delivered = Check the tag and the piece. You can still send it back within the return period.
tell-buyer-delayed = The time that was expected has passed. Our supervisors were told and are looking into it. You need not do anything, and you lose nothing.
tell-buyer-return-opened = We wait for the parcel. When it arrives, we check that it is the piece which we sent.
tell-buyer-return-arrived = Your parcel has arrived. We compare weight, tag and photos with those from before.
tell-buyer-return-accepted = What came back is the piece which we sent. What you paid is owed to you in full, and the piece goes back to the seller.
tell-buyer-return-refused = What came back is not the piece which we sent, so it comes back to you. What was compared is on the page of your order.
tell-buyer-return-lapsed = Nothing was posted in time, so the return is closed and the piece stays yours.
tell-buyer-sent-back = The piece was given to the carrier and comes back to you.
tell-buyer-cancelled = Cancellation is noted; this piece will not be sent to you. What you paid is owed to you in full.
tell-buyer-lost-or-damaged = We are sorry: the piece was lost or damaged. You lose nothing: the seller may send another, otherwise what you paid is owed to you in full.
tell-buyer-certificate-withdrawn = The certificate of this piece was withdrawn and no longer counts. The piece is being looked at again; you will hear of it.
tell-buyer-handed-to-authority = The piece was handed to the authorities and will not be sent to you. What you paid is owed to you in full.
tell-buyer-refund-owed = By the rules, money is owed to you; the platform where you bought pays it. Why is on the page of your order. You will hear from us once it was paid.
tell-buyer-refund-settled = The platform where you bought says that what was owed to you was paid. When it reaches you depends on how you had paid.

subject-merchant-piece-to-send = A piece to send to the warehouse
subject-merchant-send-reminder = A piece has not been sent yet
subject-merchant-arrived = Your piece has arrived at the warehouse
subject-merchant-intake-exception = Something was wrong with your parcel
subject-merchant-choice-needed = A difference was found; the buyer was asked
subject-merchant-failed = Your piece is not as described
subject-merchant-undetermined = Your piece cannot be judged here yet
subject-merchant-examined-again = Your piece is being examined again
subject-merchant-held = Your piece is held for a closer look
subject-merchant-going-back = A piece comes back to you
subject-merchant-return-opened = The buyer returns a piece
subject-merchant-returning-to-merchant = A piece is on its way back to you
subject-merchant-returned = A piece was returned to you
subject-merchant-unclaimed = A returned piece waits for you
subject-merchant-cancelled = A line was cancelled
subject-merchant-lost-or-damaged = Your piece was lost or damaged
subject-merchant-handed-to-authority = A piece was handed to the authorities
subject-merchant-lesson = Please read this rule

tell-merchant-piece-to-send = The buyer has paid. Please send this piece to the warehouse, with its piece code.
tell-merchant-send-reminder = The buyer has paid, and this piece has not been sent. If it is not sent in time, the line is cancelled, the buyer is owed the price, and it counts as not sent.
tell-merchant-arrived = The piece was unpacked, weighed and photographed; the examination is next.
tell-merchant-intake-exception = The parcel did not arrive as it should, and a supervisor decides what to do. Photos and weights are kept.
tell-merchant-choice-needed = Something that was said differs from what was measured. The buyer sees it and decides; if they refuse, the piece comes back to you.
tell-merchant-failed = What was measured is not what you said, so this piece is not sent to the buyer. Below are the reasons, one by one.
tell-merchant-undetermined = Not everything that was said of the piece can be judged here. We look for a laboratory that can tell, or ask the buyer, or send it back to you.
tell-merchant-examined-again = The piece is on the bench once more, before other inspectors. The result before is kept on file.
tell-merchant-held = The piece is held, and two supervisors decide together. You will hear of it.
tell-merchant-going-back = This piece is not sent to the buyer and comes back to you.
tell-merchant-return-opened = The piece comes to the warehouse first, where we check that it is the same one; then it comes back to you.
tell-merchant-returning-to-merchant = The piece was given to the carrier and comes back to you.
tell-merchant-returned = The piece is with you again.
tell-merchant-unclaimed = The piece is still at the warehouse, and nobody has collected it. Please collect it soon.
tell-merchant-cancelled = This line was cancelled. If the piece is at the warehouse or on its way, it comes back to you.
tell-merchant-lost-or-damaged = The piece was lost or damaged, on the way or in the house. Who answers for it follows from the rules.
tell-merchant-handed-to-authority = The piece was handed to the authorities; the warehouse can tell you the reference.
tell-merchant-lesson = This is the first time, so it is explained and not held against you. Please read the rule below, and avoid the same in future.

subject-supervisor-intake-exception = A parcel with something wrong waits for you
subject-supervisor-undetermined = A piece that cannot be judged waits for you
subject-supervisor-held = A piece is held; two must decide
subject-supervisor-unclaimed = A return is not collected
subject-supervisor-lost-or-damaged = A piece was lost or damaged
subject-supervisor-deadline-missed = A deadline was missed
subject-supervisor-mail-buried = A notice could not be delivered
subject-supervisor-choice-unreached = A choice has reached nobody

tell-supervisor-intake-exception = Decide whether it is received, sent back or given up as lost.
tell-supervisor-undetermined = Decide: an outside laboratory, the buyer, or back to the merchant.
tell-supervisor-held = Decide with a second supervisor: lift, send back, or hand over.
tell-supervisor-unclaimed = The merchant has not collected it.
tell-supervisor-lost-or-damaged = Find out who answers for it.
tell-supervisor-deadline-missed = Something was not done in time.
tell-supervisor-mail-buried = A letter was refused for good and is not tried again. See the list of what could not be delivered and reach them in another way; a buyer’s clock does not start by it.
tell-supervisor-choice-unreached = Somebody has to decide on this, and neither a letter nor the platform’s app has reached them, so no clock runs. Reach them in another way, or correct the address and send the notice again; it stands in your queue until then.

# What is owed. Never "refunded" or "paid" before it is settled.
owed-amount = { $what } owed: { $amount }
owed-settled = { $what }: settled, { $amount }
owed-open = { $what } owed; the amount is still to be set
owed-reversed = { $what }: no longer owed
owed-else = If no other piece comes in its place, { $amount } is owed to you.
owed-else-until = The seller may send another piece until { $when }. If none comes, { $amount } is owed to you.
owed-between = By { $who } to { $whom }: { $what }
party-you = you
party-buyer = the buyer
party-merchant = the seller
party-warehouse = the warehouse
owe-refund-in-full = Refund of the price
owe-inspection-fee = Inspection fee
owe-return-freight = Freight back to the seller
owe-counterfeit-compensation = Compensation for a counterfeit
owe-buyers-freight = Freight of your return
owe-retest-cost = Cost of the second test
owe-appeal-fee = Fee of the appeal
owe-appeal-fee-back = Return of the appeal’s fee
owe-late-dispatch = Compensation for late dispatch
owe-late-release = Compensation for late release by the warehouse
owe-custody-loss = Price of a piece lost in the warehouse’s keeping
owe-custody-damage = Damage in the warehouse’s keeping
owe-lost-returning = Price of a piece lost on its way back
owe-lost-to-buyer = Loss of a piece on its way back to you
owe-warranty = Repair or refund under the warranty

# A merchant’s conduct.
conduct-clean = Clean record
conduct-lesson = Lesson: read the rule and confirm it
conduct-warning = Warning
conduct-closer-look = Closer look: every piece is appraised twice
conduct-recommended = Recommended to the platform: suspend or remove
conduct-recommendation = By the published ladder, the warehouse recommends that the platform suspend or remove this merchant; the incidents listed are the evidence.
incident-late = Sent later than promised
incident-no-show = Not sent
incident-counterfeit = Counterfeit, upheld
incident-mis-described = Not as described
incident-speech-breach = Forbidden words in the sale
lesson-late = A sold piece is handed to the carrier within 48 hours of payment. Where it comes later, the buyer is owed a compensation of 5 % of the price.
lesson-no-show = A sold piece that is not sent within 48 hours is cancelled and its price is owed to the buyer. Sell only what lies ready.
lesson-counterfeit = Whoever sells a counterfeit owes the buyer the price and at least three times the price more (Consumer Law, article 55), and may have to answer to the authority.
lesson-mis-described = What is said and listed of a piece must hold: material, treatment, weight and size as measured (Consumer Law, article 20; E-commerce Law, article 17).
lesson-speech-breach = Advertising says nothing absolute, nothing of luck or cures, and promises no rise in value (Advertising Law, articles 4, 9, 17 and 25). Treated stones are named as treated.

# What a carrier tells that somebody has to look at.
trouble-proxy-signed = Signed for by somebody else: ask whether it arrived
trouble-refused = Refused at the door
trouble-turned-around = Turned around on the way: find out why
trouble-problem = The carrier reports a problem
trouble-customs = Held by customs
trouble-contradiction = The carrier contradicts itself: ask it
## The rest of an order, and sending back

rest-heading = Shall the rest of your order ship?
rest-why = You asked for everything together, and line { $line_no } will not come.
rest-default = If you do not answer in time, the rest is not sent and you are refunded. Silence never means yes.
rest-ship = Send the rest
rest-ship-means = What has passed, and what still passes, is sent to you. What you paid for the line that does not come is owed to you.
rest-cancel = Send nothing
rest-cancel-means = The other pieces go back to the seller, and what you paid for them is owed to you in full.
rest-gone = There is nothing to decide here
rest-gone-why = No question about this order is open. The order's page shows how it stands.
return-heading = Send the piece back
return-why = Send it to our warehouse with its tag unopened. We look whether it is the same piece; then what you paid is owed to you.
return-reason = Why, in your own words (you may leave this empty)
return-opened = Your return is open.
return-post = Once you have handed the parcel over, tell us by which it comes.
return-carrier = Carrier, such as shunfeng
return-waybill = Number on the parcel
return-posted = Your parcel is on its way to our warehouse. The order's page shows when it arrives.
return-unreadable = Please check the carrier and the number on the parcel.
return-gone = This piece cannot be sent back here
return-gone-why = It is not with you, or the time to send it back is over. What is wrong with it now is a matter for the platform that you bought from.
return-made-to-order = It was made to your order and is not sent back for the asking. If something is wrong with it, write to the platform that you bought from.
return-name-parcel = Say by which parcel it comes
case-heading = Something is wrong with this piece
case-why = Tell us what. A supervisor of the warehouse answers for it, and two of them decide; what they decide stands on your order's page.
case-retest = I would like another laboratory to look
case-retest-means = The platform arranges it. What that laboratory finds is kept beside what we found; where the two contradict each other, two supervisors decide with both before them.
case-counterfeit = I was told that it is a counterfeit
case-counterfeit-means = Keep the report of whoever told you, and give it to the platform. Where it is borne out, our certificate is withdrawn, and what the seller owes you follows from the law and the signed guarantee.
case-warranty = It has a defect
case-warranty-means = Where the seller signed a warranty, repair or refund are decided by this case.
case-note = What is it, in your own words (you may leave this empty)
case-gone = There is nothing to dispute yet
case-gone-why = This piece was not delivered. Until then, what is wrong with it is settled before it comes to you.
case-open-already = You have asked for this already, and it is open. Its answer will stand on your order's page.
case-open = { $what }, asked on { $when }: open.
case-upheld = { $what }, asked on { $when }: decided, you were right.
case-dismissed = { $what }, asked on { $when }: decided, what was found before stands.
case-kind-retest = Another laboratory's look
case-kind-warranty = A defect
case-kind-counterfeit = Said to be a counterfeit
case-kind-parcel = A parcel that came late

## Endpoints

endpoint-paused-title = Your webhook endpoint is paused
endpoint-paused = Your endpoint { $url } has taken no message since { $since } (last answer: { $outcome }), so nothing more is sent to it. What was to be told waits. Mend the endpoint, then resume it with POST /v1/webhooks/ID/resume: the messages follow in their order.

## What merchants and the warehouse read of a stage, and whose turn it is

merchant-awaiting-dispatch = Yours to send: bring it to the warehouse in time
merchant-inbound = Your parcel is on its way to the warehouse
merchant-intake-exception = Something was wrong on arrival; a supervisor decides
merchant-received = It has arrived and waits for the bench
merchant-appraising = It is being examined
merchant-spoken-review = It is being compared with what you said of it
merchant-awaiting-buyer = There is a difference; the buyer decides
merchant-undetermined = It cannot be told here; a supervisor decides
merchant-failed = Not as described: appeal in time, or waive the appeal
merchant-quarantined = Held; two supervisors decide
merchant-cleared = Both checks passed; it will be tagged and packed
merchant-tagged = Tagged; it waits for its release
merchant-released = Released; it waits for the carrier
merchant-outbound = On its way to the buyer
merchant-delivered = The buyer has it; the return period runs
merchant-return-inbound = The buyer sends it back, to the warehouse first
merchant-return-intake = The warehouse checks what came back
merchant-returning = Coming back to you: take it in, or collect it
merchant-returning-to-buyer = Another piece had come back; the buyer gets it again
merchant-completed = The sale is done
merchant-cancelled = Cancelled; there is nothing to send
merchant-returned = You have it again
merchant-unclaimed = You have not collected it; the warehouse keeps it
merchant-lost = It is lost; your account says what is owed
merchant-handed-to-authority = Handed to the authorities
warehouse-awaiting-dispatch = The merchant is to send it
warehouse-inbound = On its way: open, weigh, photograph and book it in
warehouse-intake-exception = Wrong on arrival: a supervisor decides
warehouse-received = Booked in: an inspector takes it to the bench
warehouse-appraising = On the bench: every part, and blind by another where that is asked
warehouse-spoken-review = The ledger: settle every entry, then give the verdict
warehouse-awaiting-buyer = The buyer decides
warehouse-undetermined = Cannot be told: a laboratory outside, the buyer, or back
warehouse-failed = Not as described: the merchant appeals or waives
warehouse-quarantined = Held: two supervisors lift or uphold it
warehouse-cleared = Passed: weigh again, tag, photograph, pack
warehouse-tagged = Tagged: somebody who did not appraise it releases it
warehouse-released = Released: print the label and hand it to the carrier
warehouse-outbound = On its way to the buyer
warehouse-delivered = With the buyer
warehouse-return-inbound = Coming back: weigh it and read its tag on arrival
warehouse-return-intake = Returned: two persons say whether it is the same piece
warehouse-returning = For its merchant: ship it, or wait until it is collected
warehouse-returning-to-buyer = For its buyer again: it is not the same piece
warehouse-completed = Done
warehouse-cancelled = Cancelled
warehouse-returned = Back with its merchant
warehouse-unclaimed = Not collected; it stays here
warehouse-lost = Lost
warehouse-handed-to-authority = Handed to the authorities

## How something arrived

condition-intact = Intact
condition-empty = An empty parcel
condition-wrong-piece = Not the piece that was announced
condition-damaged = Damaged
condition-opened = The parcel had been opened
condition-too-many = More than was announced
condition-too-few = Less than was announced
