namespace BlazeGateway.Policies.Pipeline;

/// <summary>Ends the copy of an answer whose first event is an error, before anything of it was sent.</summary>
internal sealed class FirstEventException() : IOException("The destination's stream began with an error.");
