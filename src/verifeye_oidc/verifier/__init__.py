"""The embedded verification service: configurations, sessions, gallery, enrolment and consent."""
