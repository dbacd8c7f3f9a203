//! On a small copy of a route: every stage but the end has a way out.
//!
//! error: proc-macro derive panicked
//! error: message: The `Received` state must have a transition path to either the ready state (`Released`) or the error state (`Broken`) but it does not

#[cfg(not(fault))]
use futures::{Async, Poll};
#[cfg(not(fault))]
use state_machine_future::RentToOwn;
use state_machine_future::StateMachineFuture;

#[derive(StateMachineFuture)]
pub enum Route {
    #[state_machine_future(start, transitions(Tagged))]
    Received,
    #[cfg_attr(not(fault), state_machine_future(transitions(Released)))]
    #[cfg_attr(fault, state_machine_future(transitions(Tagged)))]
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
