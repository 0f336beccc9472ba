"""What a run would come to, found out before anything is rendered, converted or trained."""
