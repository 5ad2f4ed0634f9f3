//! Pages, live updates, public forms.
