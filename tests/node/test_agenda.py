"""The node's agenda: order of time, cancelling, waking earlier."""

from latchwork.node.agenda import Agenda


def test_appointments_happen_in_order_of_time():
    agenda, done = Agenda(), []
    agenda.call_at(3, lambda: done.append("c"))
    agenda.call_at(1, lambda: done.append("a"))
    agenda.call_at(1, lambda: done.append("b"))
    assert agenda.run_due(2) == 2
    assert done == ["a", "b"]
    assert agenda.next_deadline() == 3


def test_a_cancelled_appointment_never_happens():
    agenda, done = Agenda(), []
    appointment = agenda.call_at(1, lambda: done.append("x"))
    appointment.cancel()
    assert agenda.next_deadline() is None
    assert agenda.run_due(5) == 0
    assert not done


def test_an_appointment_happens_once():
    agenda, done = Agenda(), []
    appointment = agenda.call_at(1, lambda: done.append("x"))
    agenda.run_due(1)
    agenda.run_due(1)
    assert done == ["x"]
    assert not appointment.is_pending


def test_what_is_due_while_working_is_done_too():
    agenda, done = Agenda(), []
    agenda.call_at(1, lambda: agenda.call_at(0, lambda: done.append("x")))
    assert agenda.run_due(1) == 2
    assert done == ["x"]


def test_the_driver_is_woken_only_for_an_earlier_deadline():
    agenda, woken = Agenda(), []
    agenda.on_earlier = lambda: woken.append(agenda.next_deadline())
    agenda.call_at(5, lambda: None)
    agenda.call_at(9, lambda: None)
    agenda.call_at(2, lambda: None)
    assert woken == [5, 2]
