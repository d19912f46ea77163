namespace BlazeGateway.Policies.Pipeline;

/// <summary>Step Identify: tells who sent the request, by key or by address.</summary>
internal static class IdentifyStep
{
    /// <summary>Writes the client into the context and its record; an error, if there is none yet, when the key is wrong or missing.</summary>
    public static void Run(RequestContext context)
    {
        var error = context.Route.Clients.Identify(context.Http, out var client, out var carriers);
        context.Error ??= error;
        context.Client = client;
        context.KeyCarriers = carriers;
        context.Record.Client = client.Name;
        context.Record.ClientHash = client.Id;
    }
}
