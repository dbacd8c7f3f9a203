//! On a small copy of a route: a stage cannot be skipped.
//!
//! error: E0277

use futures::{Async, Poll};
use state_machine_future::{RentToOwn, StateMachineFuture};

#[derive(StateMachineFuture)]
pub enum Route {
    #[state_machine_future(start, transitions(Tagged))]
    Received,
    #[state_machine_future(transitions(Released))]
    Tagged,
    #[state_machine_future(ready)]
    Released(()),
    #[state_machine_future(error)]
    Broken(()),
}

impl PollRoute for Route {
    fn poll_received<'s>(_: &'s mut RentToOwn<'s, Received>) -> Poll<AfterReceived, ()> {
        #[cfg(not(fault))]
        let next: AfterReceived = Tagged.into();
        #[cfg(fault)]
        let next: AfterReceived = Released(()).into();
        Ok(Async::Ready(next))
    }

    fn poll_tagged<'s>(_: &'s mut RentToOwn<'s, Tagged>) -> Poll<AfterTagged, ()> {
        Ok(Async::NotReady)
    }
}
