//! On a small copy of a route: a stage leads only to one that exists.
//!
//! error: proc-macro derive panicked
//! error: message: Transition to unknown state `Shipped` from state `Received`

#[cfg(not(fault))]
use futures::{Async, Poll};
#[cfg(not(fault))]
use state_machine_future::RentToOwn;
use state_machine_future::StateMachineFuture;

#[derive(StateMachineFuture)]
pub enum Route {
    #[cfg_attr(not(fault), state_machine_future(start, transitions(Tagged)))]
    #[cfg_attr(fault, state_machine_future(start, transitions(Tagged, Shipped)))]
    Received,
    #[state_machine_future(transitions(Released))]
    Tagged,
    #[state_machine_future(ready)]
    Released(()),
    #[state_machine_future(error)]
    Broken(()),
}

#[cfg(not(fault))] // After the panic of the derive there is no such trait.
impl PollRoute for Route {
    fn poll_received<'s>(_: &'s mut RentToOwn<'s, Received>) -> Poll<AfterReceived, ()> {
        Ok(Async::NotReady)
    }

    fn poll_tagged<'s>(_: &'s mut RentToOwn<'s, Tagged>) -> Poll<AfterTagged, ()> {
        Ok(Async::NotReady)
    }
}
